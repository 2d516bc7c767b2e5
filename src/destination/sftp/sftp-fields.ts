import { fileOptions } from '../../connector/file-options.ts';
import { fields, type Values } from '../../field/field.ts';

/** The seed's fields in the seed's order and words, then ours. */
export const sftpCredentials = fields({
  domoClientId: {
    type: 'text',
    label: 'Domo Client ID',
    help: 'The Client ID of your Domo developer account. Typed once and shared with the source.',
    sharedWith: 'clientId',
  },
  domoClientSecret: {
    type: 'secret',
    label: 'Domo Client Secret',
    help: 'The Client Secret of your Domo developer account. Typed once and shared with the source.',
    sharedWith: 'clientSecret',
  },
  hostname: {
    type: 'text',
    label: 'Hostname',
    help: 'The SFTP server. It may begin with sftp:// and end with a slash.',
    required: true,
    example: 'sftp://files.example.com',
    place: true,
  },
  port: {
    type: 'number',
    label: 'Port',
    help: 'The port of the SFTP server.',
    minimum: 1,
    maximum: 65_535,
    default: 22,
    place: true,
  },
  username: { type: 'text', label: 'Username', help: 'Your account on the SFTP server.', required: true },
  password: {
    type: 'secret',
    label: 'Password',
    help: 'The password of that account. Leave it empty when the server wants only a key.',
  },
  sshPrivateKey: {
    type: 'secret',
    label: 'SSH Private Key',
    help: 'RSA, ECDSA or ed25519; PEM, PKCS#8, OpenSSH or PuTTY 2 format. Leave it empty when the server wants only a password.',
    multiline: true,
  },
  passphrase: {
    type: 'secret',
    label: 'Passphrase',
    help: 'The passphrase of the private key, if it has one.',
  },
  hostKey: {
    type: 'text',
    label: 'Host Key',
    help: 'What the server must prove to be: a SHA256 fingerprint or a known_hosts line, several when nodes differ. The connection test shows the fingerprint to paste.',
    multiline: true,
    list: true,
    more: true,
    example: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU',
    place: true,
  },
  acceptUnknownHostKey: {
    type: 'boolean',
    label: 'Accept Unknown Host Key',
    help: 'Send the password to whatever answers when no host key is given. Only for networks where nobody can stand in between.',
    default: false,
    more: true,
    place: true,
  },
});

/** The seed's fields in the seed's order and words, then ours. */
export const sftpDetails = fields({
  inputDatasetId: {
    type: 'text',
    label: 'Input DataSet ID',
    help: 'The ID (GUID) of the DataSet to write, or the address of its page in Domo.',
    sharedWith: 'datasetId',
  },
  path: {
    type: 'text',
    label: 'Path',
    help: 'The folder on the server. With a slash at the beginning it counts from the root, else from the home folder.',
    template: true,
    default: '',
    example: '/in',
  },
  selectFilename: {
    type: 'choice',
    label: 'Select Filename',
    help: 'Name the file after the DataSet, or choose a name.',
    choices: {
      inputDatasetId: 'Input DataSet ID',
      inputDatasetName: 'Input DataSet Name',
      fileName: 'Filename',
    },
    default: 'inputDatasetId',
  },
  filename: {
    type: 'text',
    label: 'Filename',
    help: 'The name of the file; the extension is added.',
    template: true,
    required: true,
    when: { selectFilename: ['fileName'] },
    example: 'sales_<current_date>',
  },
  createFolders: {
    type: 'boolean',
    label: 'Create Folders',
    help: 'Make the folders of the path that are not there yet.',
    default: true,
    more: true,
  },
  writeInPlace: {
    type: 'boolean',
    label: 'Write In Place',
    help: 'Write straight to the final name, for servers that do not let files be renamed. A reader may then see a part of the file.',
    default: false,
    more: true,
  },
  concurrentWrites: {
    type: 'boolean',
    label: 'Concurrent Writes',
    help: 'Keep many writes under way at once. Turn it off for servers that take a file only in order.',
    default: true,
    more: true,
  },
  ...fileOptions,
});

export type SftpCredentials = Values<typeof sftpCredentials>;
export type SftpDetails = Values<typeof sftpDetails>;
