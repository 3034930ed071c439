// Who reads into which memory. All channels of a thread share one read buffer; a channel in the middle of a large body leases a
// private one, whose slices may be handed to the kernel without a copy because nobody reads into it until they are gone.
// Used by socket-channel.ts only.

/** A channel that reads into a private buffer, seen from the channel that writes slices of it. */
export interface LeaseHolder {
  /** A slice is on its way: the buffer must not be read into. */
  leaseBusy(): void;
  /** The last slice is gone: reading may go on. */
  leaseFree(): void;
}

/** One private read buffer. */
export class ReadLease {
  readonly buffer: Buffer;
  /** Null once the channel has gone or reads into the shared buffer again. */
  holder: LeaseHolder | null = null;
  /** Queued writes that refer to the buffer. */
  writes: number = 0;
  private readonly leases: ReadLeases;

  constructor(leases: ReadLeases, bytes: number) {
    this.leases = leases;
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }

  /** A write that refers to the buffer was queued. */
  hold(): void {
    this.writes++;
    if (this.writes === 1) this.holder?.leaseBusy();
  }

  /** That write is over. */
  release(): void {
    this.writes--;
    if (this.writes > 0) return;
    if (this.holder === null) this.leases.store(this);
    else this.holder.leaseFree();
  }

  /** The holder reads elsewhere from now on. */
  end(): void {
    this.holder = null;
    if (this.writes === 0) this.leases.store(this);
  }
}

/** The shared read buffer of a thread and its bounded set of private ones. */
export class ReadLeases {
  /** What every channel reads into unless it holds a lease. Never referred to by a queued write. */
  readonly shared: Buffer = Buffer.allocUnsafeSlow(SHARED_READ_BYTES);
  /** A chunk that was read into memory of its own and is being delivered: a queued write may refer to it. Null otherwise. */
  fresh: Uint8Array | null = null;
  private readonly byBuffer: Map<Uint8Array, ReadLease> = new Map();
  private readonly free: ReadLease[] = [];
  private readonly leasesMax: number;
  private readonly leaseBytes: number;

  constructor(leasesMax: number = LEASES_MAX, leaseBytes: number = LEASE_BYTES) {
    this.leasesMax = leasesMax;
    this.leaseBytes = leaseBytes;
  }

  /** A private buffer for `holder`; null when all are out, and the shared one serves on. */
  lease(holder: LeaseHolder): ReadLease | null {
    let lease = this.free.pop();
    if (lease === undefined) {
      if (this.byBuffer.size >= this.leasesMax) return null;
      lease = new ReadLease(this, this.leaseBytes);
      this.byBuffer.set(lease.buffer, lease);
    }
    lease.holder = holder;
    return lease;
  }

  /** The lease whose buffer this is, undefined for any other memory. */
  of(bytes: Uint8Array): ReadLease | undefined {
    return this.byBuffer.size === 0 ? undefined : this.byBuffer.get(bytes);
  }

  /** Private buffers that are out. */
  get leased(): number {
    return this.byBuffer.size - this.free.length;
  }

  /** Takes back an ended lease that no write refers to. */
  store(lease: ReadLease): void {
    if (this.free.length < FREE_MAX) this.free.push(lease);
    else this.byBuffer.delete(lease.buffer);
  }
}

/** Size of the shared read buffer. */
export const SHARED_READ_BYTES: number = 65_536;

/** Size of a private read buffer. */
export const LEASE_BYTES: number = 524_288;

/** Private read buffers a thread may have: 16 MiB at most. */
export const LEASES_MAX: number = 32;

/** Private read buffers that are kept while nobody needs them: 4 MiB. */
const FREE_MAX = 8;
