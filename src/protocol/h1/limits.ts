// Limits of the HTTP/1 codec that no configuration field names, in one place, with what happens at each.

/** Digits of a Content-Length; a longer one is malformed. */
export const CONTENT_LENGTH_DIGITS_MAX: number = 16;

/** Hexadecimal digits of a chunk size (4 GiB less one); a longer one is malformed. */
export const CHUNK_SIZE_DIGITS_MAX: number = 8;

/** Bytes of chunk extensions in one message: many tiny chunks with long extensions cost more than they carry. Malformed beyond. */
export const CHUNK_EXTENSIONS_BYTES_MAX: number = 16_384;

/** Names in all Connection fields of one head; a longer list is malformed (each costs a walk over the fields). */
export const NOMINATED_FIELDS_MAX: number = 32;

/** Interim responses before the final one; an upstream that sends more is broken. */
export const INTERIM_RESPONSES_MAX: number = 32;

/** Bytes for a tunnel that is not open yet, above which their writer is backed up. */
export const EARLY_HIGH_BYTES: number = 32_768;

/**
 * Body slices of at least this many bytes are handed to the kernel from where they lie. Below it one more system call (5 µs and more)
 * costs more than the copy (about 1 µs for 16 KiB), and the slice leaves together with the head and its neighbours.
 */
export const WRITE_THROUGH_BYTES: number = 16_384;

/** Arena room that a head parser asks for at a time. */
export const ARENA_STEP_BYTES: number = 1_024;
