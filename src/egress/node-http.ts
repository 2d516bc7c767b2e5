/**
 * `node:http`, but not imported: an import reads each of its exports once, and some of them load the WebSocket client that comes
 * with Node. That takes 15 ms of every start.
 */
export const nodeHttp = process.getBuiltinModule('node:http');
