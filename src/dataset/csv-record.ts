/** One canonical record: null is nothing, an empty text is `""`; a text `\N` is quoted, else it would be read as null. */
export function csvRecord(cells: readonly (string | null)[]): string {
  const text = cells.map((cell) => {
    if (cell === null) return '';
    return cell === '' || cell === '\\N' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  });
  return `${text.join(',')}\n`;
}
