// News of this node itself for the world: published at once, or when the bus is back. Used by the mesh actor.
import type { NodeNews } from "../../../messages/mesh.ts";
import type { MeshEvent } from "./mesh-event.ts";

/** Keeps the newest news while there is no bus. */
export class OwnNews {
  private readonly instance: string;
  private readonly publish: (event: MeshEvent, wallMs: number) => void;
  private readonly waiting: { readonly event: MeshEvent; readonly wallMs: number }[] = [];
  private count = 0;
  private isConnected = false;

  /** `instance`: of the mesh actor, so that no other news has the same id. */
  constructor(instance: string, publish: (event: MeshEvent, wallMs: number) => void) {
    this.instance = instance;
    this.publish = publish;
  }

  /** Something happened at this time. */
  tell(news: NodeNews, wallMs: number): void {
    this.waiting.push({ event: { ...news, id: `${this.instance}-${++this.count}` }, wallMs });
    if (this.waiting.length > WAITING_MAX) this.waiting.shift();
    this.flush();
  }

  /** The bus came or went. */
  busChanged(isConnected: boolean): void {
    this.isConnected = isConnected;
    this.flush();
  }

  private flush(): void {
    if (!this.isConnected) return;
    for (const { event, wallMs } of this.waiting.splice(0)) this.publish(event, wallMs);
  }
}

const WAITING_MAX = 32;
