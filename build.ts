// Emits dist/ for publishing: Node does not strip types under node_modules, so the package ships JavaScript.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
copyFileSync('src/dataset/kernel/kernel.wasm', 'dist/dataset/kernel/kernel.wasm');
cpSync('src/store/migrations', 'dist/store/migrations', { recursive: true });
chmodSync('dist/main.js', 0o755);
