export const laterProtos: readonly string[] = [];
