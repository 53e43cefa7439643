/**
 * Whether a string may be contents that were given where a path belongs, and so must not be printed:
 * PEM, a JWK, base64 of any kind, hex. Only of use for what is not there: a file that was read is one.
 *
 * Contents in base64 mix digits, small letters and capitals, which long names of files seldom do.
 */
export const mayBeContents = (path: string): boolean =>
  path.length > maxPath ||
  path.split(/[/\\]/).some((name) => name.length > maxName) ||
  marks.test(path) ||
  isEncoded(path) ||
  // Base64 has slashes too, and no dots, which are in most paths that are as long.
  (!path.includes(".") && isEncoded(path.replaceAll("/", "")));

const maxPath = 4096;
const maxName = 255;

const marks = /[\r\n{}"]|-----BEGIN|base64[,:]|(?:[0-9a-f]{2}:){15}/i;

const isEncoded = (text: string): boolean =>
  (text.match(/[A-Za-z0-9+_=-]{48,}/g) ?? []).some(
    (run) =>
      /^[0-9a-f]+$/i.test(run) || [/[a-z]/, /[A-Z]/, /[0-9]/].every((kind) => kind.test(run)),
  );
