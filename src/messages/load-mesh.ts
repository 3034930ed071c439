// Between the load-report actor and the mesh actor of one node, over a port of their own: who reports for the mesh, and what nodes say to each
// other of load. The mesh actor carries bytes that it does not read.

/** To the load-report actor. */
export type LoadNews =
  /** Who reports; null: nobody, or nobody knows. */
  | { readonly type: "reporter-named"; readonly node: string | null }
  /** A letter of another node; whether it awaits an `answer-load` it says itself. */
  | { readonly type: "load-asked"; readonly ask: number; readonly payload: Uint8Array }
  /** What came of `ask-load`; null: no answer in time. */
  | { readonly type: "load-answered"; readonly ask: number; readonly payload: Uint8Array | null };

/** To the mesh actor. */
export type LoadWord =
  /** To one node; answered by `load-answered` with this `ask`, once. */
  | {
      readonly type: "ask-load";
      readonly ask: number;
      readonly to: string;
      readonly payload: Uint8Array;
      readonly timeoutMs: number;
    }
  | { readonly type: "answer-load"; readonly ask: number; readonly payload: Uint8Array }
  | { readonly type: "note-load"; readonly to: string; readonly payload: Uint8Array }
  /** This node reports for the mesh from now on: the world hears it. `before`: who did; empty: nobody known. */
  | { readonly type: "reporter-changed"; readonly before: string }
  /** Another node should report, since this one is about to end. */
  | { readonly type: "step-down" };
