/**
 * The id of a field: the camelCase of its label. Words end where letters and digits end, and nowhere else, so that
 * "DataSet" and "SSH" are one word each: "Input DataSet ID" → `inputDatasetId`, "SSH Private Key" → `sshPrivateKey`.
 */
export function fieldId(label: string): string {
  const words = label.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word, index) => (index === 0 ? word : capitalised(word))).join('');
}

function capitalised(word: string): string {
  const [first = '', ...rest] = word;
  return first.toUpperCase() + rest.join('');
}
