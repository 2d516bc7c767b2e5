import type { Connector } from './connector/contract.ts';
import { dataWorldConnector } from './destination/data-world/data-world.ts';
import { createFolderConnector } from './destination/folder/folder.ts';
import { mongodbConnector } from './destination/mongodb/mongodb.ts';
import { s3UnloadConnector } from './destination/s3-unload/s3-unload.ts';
import { sftpConnector } from './destination/sftp/sftp.ts';

/**
 * All connectors that come with Writeback, in the order in which people see them. `folderRoots` are the directories that a
 * service may write to; on the command line a person reaches what they reach anyway.
 */
export const connectorsWith = (folderRoots?: readonly string[]): readonly Connector[] => [
  mongodbConnector,
  s3UnloadConnector,
  sftpConnector,
  dataWorldConnector,
  createFolderConnector(folderRoots),
];

export const connectors = connectorsWith();
