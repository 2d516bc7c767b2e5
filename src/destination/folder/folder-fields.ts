import { fileOptions } from '../../connector/file-options.ts';
import { fields } from '../../field/field.ts';

/** The Credentials pane. */
export const folderCredentials = fields({
  folder: {
    type: 'text',
    label: 'Folder',
    help: 'A directory of this machine. It is made if it is missing; nothing outside of it is ever written.',
    required: true,
    example: '/data/out',
  },
});

/** The Details pane. */
export const folderDetails = fields({
  path: {
    type: 'text',
    label: 'Path',
    help: 'A directory inside the folder. It is made if it is missing.',
    template: true,
    example: 'sales/{yyyy}/{MM}',
  },
  fileName: {
    type: 'text',
    label: 'File Name',
    help: 'Name of the file without extension. A file of that name is replaced.',
    template: true,
    default: '{dataset.name}',
    example: 'sales_{yyyy}-{MM}-{dd}',
  },
  ...fileOptions,
});
