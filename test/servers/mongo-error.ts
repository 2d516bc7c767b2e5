import type { Document } from 'bson';

/** A command's refusal, with the server's own code. */
export class CommandError extends Error {
  readonly code: number;
  readonly codeName: string;
  readonly more: Document;

  constructor(code: number, codeName: string, message: string, more: Document = {}) {
    super(message);
    this.code = code;
    this.codeName = codeName;
    this.more = more;
  }

  /** As the reply to the command. */
  reply(): Document {
    return { ok: 0, errmsg: this.message, code: this.code, codeName: this.codeName, ...this.more };
  }

  /** As one entry of `writeErrors`. */
  writeError(index: number): Document {
    return { index, code: this.code, errmsg: this.message, ...this.more };
  }
}
