import type { Collection, Document } from 'mongodb';
import { SetupError } from '../../errors.js';
import type { StoredDocument } from './document.js';

/**
 * Reads the server's own list of what this user may do, and writes nothing. Servers that have no such list pass: then
 * the next write shows it.
 *
 * @throws SetupError when the user may not insert into the collection
 */
export async function checkPermission(collection: Collection<StoredDocument>): Promise<void> {
  const { dbName: database, collectionName: name } = collection;
  const reply = await collection.db.command({ connectionStatus: 1, showPrivileges: true }).catch(() => undefined);
  const users: Document[] | undefined = reply?.authInfo?.authenticatedUsers;
  const privileges: Document[] | undefined = reply?.authInfo?.authenticatedUserPrivileges;
  if (users === undefined || privileges === undefined) return;
  if (users.length === 0) {
    // Either the server asks nobody who they are, or it will refuse this connection any command on data.
    await collection.findOne({ _id: '' }, { projection: { _id: 1 } });
    return;
  }
  const allowed = privileges.some(
    ({ resource, actions }) => covers(resource, database, name) && actions?.includes('insert'),
  );
  if (!allowed) {
    const who = users.map(({ user, db }) => `${user}@${db}`).join(', ');
    throw new SetupError(
      `MongoDB: ${who} may not insert into ${database}.${name}; give it the role readWrite on ${database}`,
    );
  }
}

/** An empty name in a resource stands for all. https://www.mongodb.com/docs/manual/reference/resource-document/ */
function covers(resource: Document | undefined, database: string, collection: string): boolean {
  if (resource === undefined) return false;
  if (resource.anyResource === true) return true;
  if (resource.db === undefined || resource.collection === undefined) return false;
  const anyOrThis = (named: string, wanted: string) => named === '' || named === wanted;
  return anyOrThis(resource.db, database) && anyOrThis(resource.collection, collection);
}
