import { checkTemplate } from '../../dataset/name-template.ts';
import { UserError } from '../../errors.ts';
import { checkCollectionName } from './collection-name.ts';
import { connectionUrl } from './client.ts';
import type { MongoCredentials, MongoDetails } from './mongodb-fields.ts';

/** Options that would switch off the verification of the server's certificate. */
const insecure = /[?&](tlsInsecure|tlsAllowInvalidCertificates|tlsAllowInvalidHostnames|sslValidate)=/i;

/** Ways to sign in for which the driver would open sockets of its own, to a cloud's metadata or an identity provider. */
const otherMechanisms = /[?&]authMechanism=(MONGODB-AWS|MONGODB-OIDC|GSSAPI)/i;

function refuse(code: string, message: string, field: string, remedy: string): never {
  throw new UserError(`mongodb-${code}`, message, { field, remedy });
}

function checkConnectionString(text: string): void {
  const malformed = (message: string, remedy: string) =>
    refuse('connection-string-malformed', message, 'connectionString', remedy);
  if (!/^mongodb(\+srv)?:\/\/\S+$/.test(text.trim())) {
    malformed(
      'A connection string begins with mongodb:// or mongodb+srv://, and has no spaces.',
      'Copy it anew.',
    );
  }
  if (insecure.test(text)) {
    malformed(
      'The connection string switches off the verification of certificates.',
      'Give the CA certificate instead.',
    );
  }
  if (otherMechanisms.test(text)) malformed('This way to sign in is not supported.', 'Use SCRAM or X.509.');
  if (/[?&]proxyHost=/i.test(text)) malformed('A proxy cannot be given here.', 'Remove proxyHost.');
}

/** What the fields alone cannot say. Throws UserError with the field. */
export function checkFields(credentials: MongoCredentials, details: MongoDetails): void {
  const { host, username, password, connectionString, databaseName } = credentials;
  if (connectionString) checkConnectionString(connectionString);
  else if (!host)
    refuse('host-missing', 'There is neither a host nor a connection string.', 'host', 'Enter the host.');
  else connectionUrl(credentials);
  if (username && !password)
    refuse('password-missing', 'There is a username without a password.', 'password', 'Enter it.');
  if (password && !username)
    refuse('username-missing', 'There is a password without a username.', 'username', 'Enter it.');
  if (/[/\\. "$*<>:|?\0]/.test(databaseName) || Buffer.byteLength(databaseName) > 63) {
    const rule = 'A name has at most 63 bytes and none of / \\ . " $ * < > : | ? and space.';
    refuse(
      'database-name-not-allowed',
      `The database cannot be called "${databaseName}".`,
      'databaseName',
      rule,
    );
  }
  const { collectionNameSource, customCollectionName = '' } = details;
  if (collectionNameSource !== 'customName') return;
  checkTemplate(customCollectionName, 'customCollectionName');
  // Placeholders are never illegal by themselves; what they become is checked when the name is made.
  checkCollectionName(databaseName, customCollectionName.replaceAll(/\{[^}]*\}|<[^>]*>/g, 'x'));
}
