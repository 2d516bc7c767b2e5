const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Text in which nothing is markup, between the tags of HTML and in a message of Slack's
 * (https://docs.slack.dev/messaging/formatting-message-text). Not for attributes, where quotes count too.
 */
export function escapeMarkup(text: string): string {
  return text.replaceAll(/[&<>]/g, (character) => escapes[character]!);
}
