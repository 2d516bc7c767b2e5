/** A refusal in S3's own words; becomes an XML answer. */
export class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly extra: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, extra: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.extra = extra;
  }
}

/** Text inside XML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"\r]/g, (odd) => `&#${odd.charCodeAt(0)};`);
}

/** The XML body of a refusal; STS wraps it differently. */
export function refusalXml({ code, message, extra }: S3Refusal, sts: boolean): string {
  const more = Object.entries(extra).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  const inner = `<Code>${code}</Code><Message>${escapeXml(message)}</Message>${more.join('')}`;
  const head = '<?xml version="1.0" encoding="UTF-8"?>';
  if (sts)
    return `${head}<ErrorResponse><Error><Type>Sender</Type>${inner}</Error><RequestId>1</RequestId></ErrorResponse>`;
  return `${head}<Error>${inner}<RequestId>1</RequestId></Error>`;
}
