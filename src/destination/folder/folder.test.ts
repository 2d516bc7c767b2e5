import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readFile, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderTarget } from '../../../test/servers/folder-target.ts';
import { deliverRows } from '../../connector/conformance.ts';
import type { Column } from '../../dataset/dataset.ts';
import { explain } from './explain.ts';
import { openFolder } from './jail.ts';
import { publishFile, temporaryName } from './publish-file.ts';

const columns: Column[] = [{ name: 'a', type: 'STRING' }];
const rows = [['1'], ['2']];

type Target = Awaited<ReturnType<typeof folderTarget>>;

async function on(work: (target: Target) => Promise<void>, details: object = {}): Promise<void> {
  const target = await folderTarget();
  try {
    await work({ ...target, details: { ...target.details, ...details } });
  } finally {
    await target.close();
  }
}

test('the location of a file is its path, and its bytes are the DataSet’s', () =>
  on(async (target) => {
    const { location } = await deliverRows(target, columns, rows);
    assert.deepEqual(location, [join(target.folder, 'in/here/rows.csv')]);
    assert.equal(await readFile(location[0] ?? '', 'utf8'), 'a\n1\n2\n');
  }));

test('the file is called like the DataSet unless told', () =>
  on(
    async (target) => {
      await deliverRows(target, columns, rows);
      assert.deepEqual(await readdir(target.folder), ['Conformance.csv']);
    },
    { path: '', fileName: undefined },
  ));

test('slashes around the path do not matter', () =>
  on(
    async (target) => {
      const { location } = await deliverRows(target, columns, rows);
      assert.deepEqual(location, [join(target.folder, 'in/rows.csv')]);
    },
    { path: '/in/' },
  ));

test('a symbolic link that leads out of the folder is refused, and nothing is made behind it', () =>
  on(async (target) => {
    const other = await folderTarget();
    await symlink(other.folder, join(target.folder, 'in'));
    await assert.rejects(deliverRows(target, columns, rows), { name: 'UserError', code: 'folder-outside' });
    assert.deepEqual(await readdir(other.folder), []);
    await other.close();
  }));

test('a symbolic link that stays inside is followed', () =>
  on(async (target) => {
    await mkdir(join(target.folder, 'real'));
    await symlink('real', join(target.folder, 'in'));
    await deliverRows(target, columns, rows);
    assert.equal(await readFile(join(target.folder, 'real/here/rows.csv'), 'utf8'), 'a\n1\n2\n');
  }));

test('a link in the place of the file is replaced, not followed', () =>
  on(async (target) => {
    const outside = join(target.folder, 'untouched');
    await writeFile(outside, 'mine');
    await mkdir(join(target.folder, 'in/here'), { recursive: true });
    await symlink(outside, join(target.folder, 'in/here/rows.csv'));
    await symlink(outside, join(target.folder, 'in/here', temporaryName('rows.csv', 'conformance')));
    await deliverRows(target, columns, rows);
    assert.equal(await readFile(outside, 'utf8'), 'mine');
    assert.equal(await readFile(join(target.folder, 'in/here/rows.csv'), 'utf8'), 'a\n1\n2\n');
  }));

test('a path that climbs out is refused', () =>
  on((target) => assert.rejects(deliverRows(target, columns, rows), { name: 'UserError' }), {
    path: '../..',
  }));

test('what a killed attempt left is replaced by the next', () =>
  on(async (target) => {
    await mkdir(join(target.folder, 'in/here'), { recursive: true });
    const left = join(target.folder, 'in/here', temporaryName('rows.csv', 'conformance'));
    await writeFile(left, 'half');
    assert.equal((await target.leftovers()).length, 1);
    await deliverRows(target, columns, rows);
    assert.deepEqual(await target.leftovers(), []);
  }));

test('several files and a manifest lie side by side', () =>
  on(
    async (target) => {
      const wide = Array.from({ length: 2_500 }, (_, index) => [`${index}${'x'.repeat(1_000)}`]);
      const { files } = await deliverRows(target, columns, wide);
      assert.deepEqual(
        files.map(({ path }) => path),
        ['rows_00001.csv', 'rows_00002.csv', 'rows_00003.csv', 'rows.manifest.json'].map(
          (name) => `in/here/${name}`,
        ),
      );
      assert.equal((await readdir(join(target.folder, 'in/here'))).length, 4);
    },
    { splitSize: 1, manifest: true },
  ));

test('a file in the way of a folder, and a folder in the way of a file, are told', async () => {
  await on(async (target) => {
    await writeFile(join(target.folder, 'in'), 'a file');
    await assert.rejects(deliverRows(target, columns, rows), {
      name: 'UserError',
      code: 'folder-not-a-folder',
    });
  });
  await on(async (target) => {
    await mkdir(join(target.folder, 'in/here/rows.csv'), { recursive: true });
    await assert.rejects(deliverRows(target, columns, rows), {
      name: 'UserError',
      code: 'folder-name-taken',
    });
    assert.deepEqual(await target.leftovers(), []);
  });
});

test('in a service only what lies below a root of the operator’s is written to, links resolved', () =>
  on(async (target) => {
    const [root, other] = [join(target.folder, 'root'), join(target.folder, 'other')];
    await Promise.all([mkdir(join(root, 'sub'), { recursive: true }), mkdir(other)]);
    await symlink(other, join(root, 'out'));
    for (const folder of [root, join(root, 'sub'), join(root, 'new/deep')])
      assert.ok((await openFolder(folder, [root])).startsWith(await realpath(root)), folder);
    for (const folder of [
      other,
      target.folder,
      join(root, '../other'),
      join(root, 'out'),
      join(root, 'out/new'),
      `${root}s`,
    ])
      await assert.rejects(
        openFolder(folder, [root]),
        { code: 'folder-not-allowed', field: 'folder' },
        folder,
      );
    await assert.rejects(openFolder(root, []), { code: 'folder-not-allowed' });
    assert.deepEqual(await readdir(other), []);
  }));

test('a long name is cut in the temporary name only, on a character', () => {
  const name = temporaryName(`${'ü'.repeat(120)}.csv`, 'me');
  assert.ok(Buffer.byteLength(name) <= 255);
  assert.ok(!name.includes('\uFFFD'));
  assert.notEqual(name, temporaryName(`${'ü'.repeat(120)}.csv`, 'you'));
});

test('errors that are not the file system’s pass unchanged', () => {
  const error = new Error('of the source');
  assert.equal(explain(error, '/x'), error);
});

const script = `
import { publishFile } from ${JSON.stringify(new URL('publish-file.ts', import.meta.url).href)};
import { explain } from ${JSON.stringify(new URL('explain.ts', import.meta.url).href)};
import { readdirSync } from 'node:fs';
async function* body() { for (let i = 0; i < 40; i++) yield Buffer.alloc(100_000); }
const place = process.argv[1] + '/big.csv';
await publishFile(place, 'me', body(), new AbortController().signal).catch((error) => {
  console.log(explain(error, place).code, readdirSync(process.argv[1]).length);
});
`;

/** A disk of 1 MB, where the system lets us mount one. */
function onSmallDisk(): string | undefined {
  const node = JSON.stringify(process.execPath);
  const mount = `mount -t tmpfs -o size=1m none "$0" && ${node} --input-type=module -e "$1" "$0"`;
  // Not the temporary folder itself: this very checkout may lie in it.
  const directory = mkdtempSync(join(tmpdir(), 'writeback-small-'));
  try {
    return execFileSync('unshare', ['-rm', 'sh', '-c', mount, directory, script], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    if (/unshare|mount|ENOENT/.test(stderr) || stderr === '') return undefined;
    throw error;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('a full disk is told, and the file that did not fit is removed', (context) => {
  const said = onSmallDisk();
  if (said === undefined) return context.skip('this system mounts nothing for us');
  assert.equal(said.trim(), 'folder-disk-full 0');
});

test('a body that breaks leaves nothing', () =>
  on(async (target) => {
    async function* body() {
      yield Buffer.from('half');
      throw new Error('broken');
    }
    const work = publishFile(join(target.folder, 'x'), 'me', body(), new AbortController().signal);
    await assert.rejects(work, { message: 'broken' });
    assert.deepEqual(await readdir(target.folder), []);
  }));
