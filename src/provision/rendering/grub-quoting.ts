/**
 * Text as words of a GRUB script. GRUB's shell (GNU GRUB manual, section 6.1 "Writing full configuration files
 * directly, quoting") ends a command at `;` and `&`, knows redirections, blocks and wildcards, and expands `$name`
 * within double quotes too; there a backslash escapes `"`, `$` and itself.
 */

/**
 * What GRUB reads as a word without quotes; Matchbox leaves it unquoted too. A `?` is a wildcard only in file paths.
 */
const PLAIN_WORD = /^(?:\/[A-Za-z0-9_.,:=/+@%-]*|[A-Za-z0-9_.,:=+@%-][A-Za-z0-9_.,:=/+@%?-]*)$/;

/**
 * One word that GRUB passes on unchanged, except that `${name}` is a GRUB variable that the profile's author wrote. A
 * `$` that begins no such name stands for itself. The text must not have control characters.
 */
export function quoteGrubWord(text: string): string {
  return `"${text.replace(/["\\]|\$(?!\{[A-Za-z_][A-Za-z0-9_]*\})/g, '\\$&')}"`;
}

/**
 * Kernel arguments as words of GRUB, so that the kernel gets the same command line as from iPXE, which copies the line
 * unchanged. Arguments are split as the kernel splits them, at blanks outside double quotes; GRUB itself quotes an
 * argument with blanks, so quotes that enclose an argument or its value are removed here.
 */
export function quoteGrubArguments(text: string): string {
  const words = text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];
  return words
    .map((word) => {
      const bare = word.replace(/^"([^"]*)"?$/, '$1').replace(/^([^"=]*=)"([^"]*)"?$/, '$1$2');
      return PLAIN_WORD.test(bare) ? bare : quoteGrubWord(bare);
    })
    .join(' ');
}
