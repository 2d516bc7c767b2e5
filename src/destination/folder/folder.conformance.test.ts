import { conformance } from '../../connector/conformance.ts';
import { folderTarget } from '../../../test/servers/folder-target.ts';

conformance('folder', folderTarget);
