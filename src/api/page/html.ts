const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A piece of a page. Only `html` makes them, so that no text becomes part of a page unescaped. */
export interface Html {
  readonly html: string;
}

type Piece = string | number | false | undefined | Html | readonly Html[];

function written(piece: Piece): string {
  if (piece === false || piece === undefined) return '';
  if (typeof piece === 'object')
    return [piece]
      .flat()
      .map((one) => one.html)
      .join('');
  return String(piece).replaceAll(/[&<>"']/g, (one) => escapes[one]!);
}

/** A template whose values are shown as text, unless they are pieces of a page themselves; what is not there shows nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Piece[]): Html {
  return { html: String.raw({ raw: parts }, ...values.map(written)) };
}
