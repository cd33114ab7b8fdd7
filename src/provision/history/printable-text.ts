/** C0 and C1 controls and DEL, which terminals execute, and the Unicode controls that change the direction of text. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * The text with control characters written as `\u001b`. Host names, file names and reports come from machines, and must
 * not control the terminal of the person who reads them.
 */
export function printableText(text: string): string {
  return text.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Indented JSON with what `JSON.stringify` leaves as it is of these characters escaped as well; it means the same. */
export function printableJson(value: unknown): string {
  // A line feed within a text is escaped already, so that each that is left ends a line.
  return JSON.stringify(value, undefined, 2).split('\n').map(printableText).join('\n');
}
