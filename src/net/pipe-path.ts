// Unix socket paths as Node and the kernel want them.

/** `@name` of the abstract name space is a leading NUL to the kernel; other paths stay. */
export function pipePath(path: string): string {
  return path.startsWith("@") ? `\0${path.slice(1)}` : path;
}
