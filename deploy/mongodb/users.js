// The image runs this once, as root, when its volume is empty: the daemon's own user, which may do what the daemon does and nothing else.
const events = db.getSiblingDB('eventsink');
events.createRole({
  role: 'eventSink',
  privileges: [
    {
      resource: { db: 'eventsink', collection: '' },
      actions: ['find', 'insert', 'createCollection', 'createIndex', 'listIndexes', 'collMod'],
    },
  ],
  roles: [],
});
events.createUser({
  user: 'event-sink',
  pwd: process.env.MONGODB_PASSWORD,
  roles: [{ role: 'eventSink', db: 'eventsink' }],
});
