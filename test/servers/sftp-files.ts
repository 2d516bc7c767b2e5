import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Attributes, SFTPWrapper } from 'ssh2';
import ssh2 from 'ssh2';

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;

/** What the server does wrong, or does not offer; may be changed while it runs. Bytes are counted over all files. */
export interface SftpFaults {
  /** Cut the TCP connection once this many bytes were written. */
  dropAfter?: number | undefined;
  /** Answer nothing more once this many bytes were written. */
  stallAfter?: number | undefined;
  /** The disk holds this many bytes; a write past it is refused with code 4. */
  diskSize?: number | undefined;
  /** What a full disk says. */
  diskText?: string | undefined;
  /** After close the file is gone (a hard quota). */
  vanish?: boolean | undefined;
  /** After close the file has lost its last byte. */
  short?: boolean | undefined;
  /** Nothing can be changed. */
  readOnly?: boolean | undefined;
  /** These operations are refused with code 3. */
  denied?: readonly ('RENAME' | 'STAT' | 'REMOVE' | 'MKDIR')[] | undefined;
  /** RENAME replaces what is there, against the protocol. */
  renameReplaces?: boolean | undefined;
  /** The next RENAME is done, and refused all the same. */
  loseRenameAnswer?: boolean | undefined;
  /** A file that is there can be neither renamed nor written to, only removed. */
  oldIsFixed?: boolean | undefined;
  /** Writes must come in order, else code 4. */
  inOrderOnly?: boolean | undefined;
  /** A write that comes while another is under way is refused with code 4. */
  oneWriteOnly?: boolean | undefined;
}

/** What one connection may do: `root` is its jail. */
export interface SftpPlace {
  readonly root: string;
  readonly faults: SftpFaults;
  readonly counts: { written: number; writes: number };
  /** Cuts the connection. */
  drop(): void;
}

interface OpenFile {
  readonly file?: fs.FileHandle;
  readonly path: string;
  readonly fresh: boolean;
  next: number;
  busy?: boolean;
  listed: boolean;
}

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, text = 'Failure') {
    super(text);
    this.status = status;
  }
}

const codes: Record<string, number> = {
  ENOENT: STATUS_CODE.NO_SUCH_FILE,
  ENOTDIR: STATUS_CODE.NO_SUCH_FILE,
  EACCES: STATUS_CODE.PERMISSION_DENIED,
  EPERM: STATUS_CODE.PERMISSION_DENIED,
  ENAMETOOLONG: STATUS_CODE.BAD_MESSAGE,
};

function attributes({
  mode,
  uid,
  gid,
  size,
  atimeMs,
  mtimeMs,
}: Awaited<ReturnType<typeof fs.stat>>): Attributes {
  const seconds = (time: number | bigint) => Math.floor(Number(time) / 1000);
  const numbers = { mode: Number(mode), uid: Number(uid), gid: Number(gid), size: Number(size) };
  return { ...numbers, atime: seconds(atimeMs), mtime: seconds(mtimeMs) };
}

function openFlags(flags: number): number {
  const read = (flags & OPEN_MODE.READ) !== 0;
  const write = (flags & OPEN_MODE.WRITE) !== 0;
  let result = read && write ? constants.O_RDWR : write ? constants.O_WRONLY : constants.O_RDONLY;
  if (flags & OPEN_MODE.CREAT) result |= constants.O_CREAT;
  if (flags & OPEN_MODE.TRUNC) result |= constants.O_TRUNC;
  if (flags & OPEN_MODE.EXCL) result |= constants.O_EXCL;
  return result;
}

/** Answers the SFTP requests of one channel out of a folder, with the status codes of OpenSSH. */
export function serveFiles(sftp: SFTPWrapper, place: SftpPlace): void {
  const { root, faults, counts } = place;
  const open = new Map<number, OpenFile>();
  let nextHandle = 0;
  const absolute = (path: string) => posix.resolve('/', path);
  const real = (path: string) => join(root, absolute(path));
  const exists = (path: string) =>
    fs.stat(path).then(
      () => true,
      () => false,
    );
  const opened = (handle: Buffer) => {
    const file = open.get(handle.length === 4 ? handle.readUInt32BE() : -1);
    if (!file) throw new Refusal(STATUS_CODE.FAILURE, 'Invalid handle');
    return file;
  };
  const keep = (file: OpenFile) => {
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(nextHandle);
    open.set(nextHandle++, file);
    return handle;
  };
  const changing = (operation?: 'RENAME' | 'REMOVE' | 'MKDIR') => {
    if (faults.readOnly || (operation && faults.denied?.includes(operation))) {
      throw new Refusal(STATUS_CODE.PERMISSION_DENIED, 'Permission denied');
    }
  };
  /** Runs the work of a request and answers OK or the fitting status, unless the work has answered. */
  const answer = (id: number, work: () => Promise<boolean | void>) => {
    if (faults.stallAfter !== undefined && counts.written >= faults.stallAfter) return;
    work().then(
      (answered) => answered !== true && sftp.status(id, STATUS_CODE.OK),
      (error: NodeJS.ErrnoException | Refusal) => {
        const status =
          error instanceof Refusal ? error.status : (codes[error.code ?? ''] ?? STATUS_CODE.FAILURE);
        sftp.status(id, status, error instanceof Refusal ? error.message : 'Failure');
      },
    );
  };
  const stat = (id: number, path: string) =>
    answer(id, async () => {
      if (faults.denied?.includes('STAT'))
        throw new Refusal(STATUS_CODE.PERMISSION_DENIED, 'Permission denied');
      sftp.attrs(id, attributes(await fs.stat(real(path))));
      return true;
    });
  const write = async (file: OpenFile, offset: number, data: Buffer) => {
    if (faults.inOrderOnly && offset !== file.next) throw new Refusal(STATUS_CODE.FAILURE, 'Illegal seek');
    if (faults.oneWriteOnly && file.busy) throw new Refusal(STATUS_CODE.FAILURE, 'One write at a time');
    file.next = offset + data.length;
    if (faults.diskSize !== undefined && counts.written + data.length > faults.diskSize) {
      throw new Refusal(STATUS_CODE.FAILURE, faults.diskText ?? 'Failure');
    }
    counts.written += data.length;
    counts.writes += 1;
    if (faults.dropAfter !== undefined && counts.written >= faults.dropAfter) place.drop();
    file.busy = true;
    await file.file?.write(data, 0, data.length, offset);
    file.busy = false;
  };
  const rename = async (from: string, to: string) => {
    changing('RENAME');
    await fs.lstat(real(from));
    if (faults.oldIsFixed && !posix.basename(from).startsWith('.'))
      throw new Refusal(STATUS_CODE.PERMISSION_DENIED, 'Permission denied');
    if (!faults.renameReplaces && (await exists(real(to)))) throw new Refusal(STATUS_CODE.FAILURE);
    await fs.rename(real(from), real(to));
    if (!faults.loseRenameAnswer) return;
    faults.loseRenameAnswer = undefined;
    throw new Refusal(STATUS_CODE.FAILURE);
  };
  const close = async (handle: Buffer) => {
    const file = opened(handle);
    open.delete(handle.readUInt32BE());
    await file.file?.close();
    if (file.fresh && faults.vanish) await fs.rm(file.path);
    if (file.fresh && faults.short) await fs.truncate(file.path, (await fs.stat(file.path)).size - 1);
  };
  sftp
    .on('REALPATH', (id, path) =>
      sftp.name(id, [{ filename: absolute(path), longname: absolute(path), attrs: {} as Attributes }]),
    )
    .on('STAT', stat)
    .on('LSTAT', stat)
    .on('FSTAT', (id, handle) =>
      answer(id, async () => {
        const file = opened(handle).file;
        if (!file) throw new Refusal(STATUS_CODE.FAILURE);
        sftp.attrs(id, attributes(await file.stat()));
        return true;
      }),
    )
    .on('OPEN', (id, path, flags) =>
      answer(id, async () => {
        const fresh = (flags & OPEN_MODE.WRITE) !== 0;
        if (fresh) changing();
        const file = await fs.open(real(path), openFlags(flags), 0o644);
        sftp.handle(id, keep({ file, path: real(path), fresh, next: 0, listed: false }));
        return true;
      }),
    )
    .on('WRITE', (id, handle, offset, data) => answer(id, () => write(opened(handle), offset, data)))
    .on('READ', (id, handle, offset, length) =>
      answer(id, async () => {
        const buffer = Buffer.alloc(Math.min(length, 32_768));
        const { bytesRead = 0 } = (await opened(handle).file?.read(buffer, 0, buffer.length, offset)) ?? {};
        if (bytesRead === 0) throw new Refusal(STATUS_CODE.EOF, 'End of file');
        sftp.data(id, buffer.subarray(0, bytesRead));
        return true;
      }),
    )
    .on('CLOSE', (id, handle) => answer(id, () => close(handle)))
    .on('RENAME', (id, from, to) => answer(id, () => rename(from, to)))
    .on('REMOVE', (id, path) =>
      answer(id, async () => {
        changing('REMOVE');
        await fs.unlink(real(path));
      }),
    )
    .on('MKDIR', (id, path) =>
      answer(id, async () => {
        changing('MKDIR');
        await fs.mkdir(real(path));
      }),
    )
    .on('RMDIR', (id, path) =>
      answer(id, async () => {
        changing('REMOVE');
        await fs.rmdir(real(path));
      }),
    )
    .on('SETSTAT', (id) => answer(id, async () => changing()))
    .on('FSETSTAT', (id) => answer(id, async () => changing()))
    .on('OPENDIR', (id, path) =>
      answer(id, async () => {
        await fs.readdir(real(path));
        sftp.handle(id, keep({ path: real(path), fresh: false, next: 0, listed: false }));
        return true;
      }),
    )
    .on('READDIR', (id, handle) =>
      answer(id, async () => {
        const folder = opened(handle);
        if (folder.listed) throw new Refusal(STATUS_CODE.EOF, 'End of file');
        folder.listed = true;
        const names = await fs.readdir(folder.path);
        const entry = async (filename: string) => {
          const attrs = attributes(await fs.stat(join(folder.path, filename)));
          const kind = (attrs.mode & constants.S_IFMT) === constants.S_IFDIR ? 'd' : '-';
          return {
            filename,
            longname: `${kind}rw-r--r-- 1 test test ${attrs.size} Jan 1 00:00 ${filename}`,
            attrs,
          };
        };
        sftp.name(id, await Promise.all(names.map(entry)));
        return true;
      }),
    );
  sftp.on('close', () => {
    for (const { file } of open.values()) void file?.close().catch(() => {});
    open.clear();
  });
}
