#!/usr/bin/env node
import process from 'node:process';

const oldest = 24;

if (Number.parseInt(process.versions.node) < oldest) {
  // Nothing else is imported before: an older Node.js would stop at syntax or names that it does not know.
  const { execPath, version } = process;
  process.stderr.write(
    `Writeback needs Node.js ${oldest} or newer; ${execPath} is ${version}.\n(node-too-old)\n`,
  );
  process.exitCode = 2;
} else {
  const { enableCompileCache } = await import('node:module');
  const { compileCacheFolder } = await import('./config.ts');
  // What was compiled once is not compiled again: half of the time that a start takes. The folder is this user's own,
  // because who can write to it can put code into it. Only what is imported from now on comes from there.
  enableCompileCache(compileCacheFolder());
  await import('./program.ts');
}
