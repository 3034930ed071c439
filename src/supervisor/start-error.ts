// Why a node cannot start, for its owner to read.

/** The world's fault, not ours: the message is one plain line, and the process ends with code 1. */
export class StartError extends Error {}
