/**
 * Text as words of a GRUB script. GRUB's shell (GNU GRUB manual, section 6.1 "Writing full configuration files
 * directly, quoting") ends a command at `;` and `&`, knows redirections, blocks and wildcards, and expands `$name` within
 * double quotes too; there a backslash takes the meaning of `"`, `$` and itself away.
 */

/** What GRUB reads as a word without quotes, as Matchbox leaves it. A `?` is a wildcard in paths of files alone. */
const PLAIN_WORD = /^(?:\/[A-Za-z0-9_.,:=/+@%-]*|[A-Za-z0-9_.,:=+@%-][A-Za-z0-9_.,:=/+@%?-]*)$/;

/**
 * One word that GRUB passes on as it is, but for `${name}`: a variable of GRUB that the profile's author asked for.
 * A `$` that begins no such name stands for itself. The text must not have control characters.
 */
export function quoteGrubWord(text: string): string {
  return `"${text.replace(/["\\]|\$(?!\{[A-Za-z_][A-Za-z0-9_]*\})/g, '\\$&')}"`;
}

/**
 * Kernel arguments as words of GRUB: what one machine is told by iPXE, where a line is copied as it is, another is told
 * by GRUB. Arguments are divided as the kernel divides them, at blanks outside of double quotes; GRUB puts quotes of its
 * own around an argument with blanks, so those that enclose an argument or its value are left out here.
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
