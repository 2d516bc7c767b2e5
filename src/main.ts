#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { compileCacheFolder } from './config.ts';

// What was compiled once is not compiled again: half of the time that a start takes. The folder is this user's own, because
// who can write to it can put code into it. Only what is imported from now on comes from there.
enableCompileCache(compileCacheFolder());
await import('./program.ts');
