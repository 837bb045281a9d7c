/** What Clowder has. */
export type ResourceType = 'dataset' | 'file' | 'collection' | 'space' | 'folder' | 'curation' | 'metadata' | 'version';

/**
 * What a request means when it goes well.
 *
 * view: a page that is sent as HTML. view by API: Clowder 2 sends one page for all, which then asks for what it shows.
 * page: any other page. upload, delete: also of things that hold no bytes.
 * nothing: a part of a page, or a step in a browser.
 */
export type Meaning = 'view' | 'view by API' | 'page' | 'download' | 'upload' | 'delete' | 'asset' | 'call' | 'nothing';

export interface RouteGroup {
  readonly means: Meaning;
  readonly type?: ResourceType;
  /**
   * Method and path, `any` for all methods. `:name` is an id of 24 hex digits: `:id` that of the resource, the others
   * those of what it belongs to. `{name}` is any one segment, `*` the rest. Fixed words come before both.
   */
  readonly routes: readonly string[];
  /** The body of the request is the file. */
  readonly carriesFile?: true;
  /** Clowder publishes an event of it itself, where it has RabbitMQ. */
  readonly published?: true;
  /** The bytes come from another server, so their number is not in this log. */
  readonly bytesElsewhere?: true;
}

/** Clowder 1.23, after its conf/routes. */
const clowder1: readonly RouteGroup[] = [
  { means: 'view', type: 'dataset', routes: ['GET /datasets/:id'] },
  { means: 'view', type: 'file', routes: ['GET /files/:id', 'GET /file_by_section/:section'] },
  { means: 'view', type: 'collection', routes: ['GET /collection/:id', 'GET /collections/:id'] },
  { means: 'view', type: 'space', routes: ['GET /spaces/:id'] },
  { means: 'view', type: 'curation', routes: ['GET /spaces/curations/:id'] },
  { means: 'view', type: 'metadata', routes: ['GET /metadata/:id'] },

  {
    means: 'download',
    type: 'file',
    routes: [
      ...['GET /files/:id/blob', 'GET /files/:id/download/{format}', 'GET /files/links/{link}'],
      ...['GET /api/files/:id/blob', 'GET /api/files/:id'],
    ],
  },
  {
    means: 'download',
    type: 'dataset',
    routes: [
      'GET /api/datasets/:id/download',
      'GET /api/datasets/:id/downloadPartial',
      'GET /api/datasets/:id/downloadFolder',
    ],
  },
  { means: 'download', type: 'collection', routes: ['GET /api/collections/:id/download'] },

  {
    means: 'upload',
    type: 'file',
    carriesFile: true,
    published: true,
    routes: [
      ...['POST /api/uploadToDataset/:dataset', 'POST /api/uploadToDataset/withFlags/:dataset/{flags}'],
      ...['POST /api/datasets/:dataset/files', 'POST /uploaddnd/:dataset'],
      ...['POST /api/files', 'POST /api/files/withFlags/{flags}', 'POST /api/files/uploadIntermediate/{idAndFlags}'],
      ...['POST /upload', 'POST /uploadDragDrop', 'POST /uploadSelectQuery', 'POST /extraction/upload'],
      'POST /api/extractions/upload_file',
    ],
  },
  {
    means: 'upload',
    type: 'file',
    published: true,
    routes: [
      ...['POST /api/datasets/:dataset/urls', 'POST /api/extractions/upload_url'],
      'POST /api/extractions/multiple_uploadby_url',
    ],
  },
  {
    means: 'upload',
    type: 'dataset',
    routes: [
      ...['POST /api/datasets', 'POST /api/datasets/createempty', 'POST /api/datasets/createfrombag'],
      'POST /dataset/submit',
    ],
  },
  { means: 'upload', type: 'collection', routes: ['POST /collection/submit'] },
  { means: 'upload', type: 'space', routes: ['POST /spaces/submit'] },

  {
    means: 'delete',
    type: 'file',
    routes: ['DELETE /api/files/:id', 'POST /api/files/:id/remove', 'POST /api/files/bulkRemove'],
  },
  {
    means: 'delete',
    type: 'dataset',
    routes: [
      ...['DELETE /api/datasets/:id', 'POST /api/datasets/:id/detachdelete'],
      ...['DELETE /api/datasets/emptyTrash', 'DELETE /api/datasets/clearOldDatasetsTrash'],
    ],
  },
  { means: 'delete', type: 'collection', routes: ['DELETE /api/collections/:id', 'POST /api/collections/:id/remove'] },
  { means: 'delete', type: 'space', routes: ['DELETE /api/spaces/:id', 'POST /api/spaces/:id/remove'] },
  { means: 'delete', type: 'curation', routes: ['DELETE /spaces/curations/:id'] },

  {
    means: 'page',
    routes: [
      ...['GET /files', 'GET /files/new', 'GET /files/metadataSearch', 'GET /files/generalMetadataSearch'],
      ...['GET /files/following', 'GET /files/:id/similar', 'GET /files/:id/metadata', 'GET /files/:id/extractions'],
      ...['GET /files/:id/share', 'GET /datasets', 'GET /datasets/sorted', 'GET /datasets/new'],
      ...['GET /datasets/createStep2', 'GET /datasets/metadataSearch', 'GET /datasets/generalMetadataSearch'],
      ...['GET /datasets/following', 'GET /datasets/:id/users', 'GET /datasets/:id/addFiles'],
      ...['GET /datasets/:id/:folder/addFiles', 'GET /datasets/:id/metadata', 'GET /datasets/:id/extractions'],
      ...['GET /datasets/submit/:id', 'GET /datasets_by_section/:section', 'GET /collections'],
      ...['GET /collections/sorted', 'GET /collections/listChildCollections', 'GET /collections/new'],
      ...['GET /collections/following', 'GET /collections/:id/newchildCollection', 'GET /collections/:id/previews'],
      ...['GET /collection/:id/users', 'GET /collection/:id/datasets', 'GET /collection/:id/childCollections'],
      ...['GET /spaces', 'GET /spaces/new', 'GET /spaces/following', 'GET /spaces/:id/updateSpace'],
      ...['GET /spaces/:id/addRequest', 'GET /spaces/:id/users', 'GET /spaces/:id/extractors'],
      ...['GET /spaces/:id/metadata', 'GET /spaces/:id/stagingArea', 'GET /space/curations'],
      ...['GET /dataset/:id/curations/new', 'GET /spaces/curations/:id/edit'],
      ...['GET /spaces/curations/:id/compareToRepository', 'GET /spaces/curations/:id/sendToRepository'],
      ...['GET /spaces/curations/:id/matchmaker', 'GET /publishedData', 'GET /publishedData/{space}'],
      ...['GET /metadata/search', 'GET /extractors', 'GET /extractors/{name}', 'GET /extractors/{name}/metrics'],
      ...['GET /extractors/{name}/logs', 'GET /extractors/{name}/history', 'GET /profile/{uuid}'],
      ...['GET /profile/viewProfile', 'GET /profile/viewProfile/{uuid}', 'GET /tags/list/ordered'],
      ...[
        'GET /tags/list/weighted',
        'GET /geostreams',
        'GET /geostreams/*',
        'GET /login',
        'GET /signup',
        'GET /about',
        'GET /tos',
      ],
    ],
  },
  {
    means: 'nothing',
    routes: [
      ...['GET /datasets/refreshToolList', 'GET /datasets/launchableTools', 'GET /datasets/uploadToTool'],
      ...['GET /datasets/getInstances', 'GET /datasets/removeInstance', 'GET /datasets/launchTool'],
      ...['POST /datasets/:id/updatedFilesAndFolders', 'POST /files/:id/links', 'GET /rss', 'GET /rss/{etype}'],
      ...['GET /spaces/curations/:id/curationFile', 'GET /spaces/curations/:id/getStatusFromRepository'],
      'GET /spaces/curations/:id/updatedFilesAndFolders',
      'GET /spaces/curations/:id/getMetadataDefinitionsByFile',
      ...['GET /spaces/curations/:id/metadataDefinitions', 'POST /dataset/:id/curations/spaces/:space/submit'],
      ...['POST /spaces/curations/:id/status', 'DELETE /spaces/curations/retract/:id'],
    ],
  },
  {
    means: 'call',
    routes: [
      ...['GET /api/files', 'GET /api/files/:id/metadata', 'GET /api/files/:id/metadata.jsonld'],
      ...['POST /api/files/:id/metadata', 'POST /api/files/:id/metadata.jsonld', 'GET /api/files/:id/paths'],
      ...['POST /api/files/:id/extractions', 'DELETE /api/files/:id/extractions/{message}'],
      ...['GET /api/datasets', 'GET /api/datasets/:id', 'GET /api/datasets/:id/files'],
      ...['GET /api/datasets/:id/listFiles', 'GET /api/datasets/:id/listAllFiles', 'GET /api/datasets/:id/folders'],
      ...['GET /api/datasets/:id/metadata', 'GET /api/datasets/:id/metadata.jsonld'],
      ...['POST /api/datasets/:id/metadata', 'POST /api/datasets/:id/metadata.jsonld'],
      ...['POST /api/datasets/:id/extractions', 'DELETE /api/datasets/:id/extractions/{message}'],
      // A file that is taken out of a dataset is not gone.
      ...['DELETE /api/datasets/:dataset/:id', 'POST /api/datasets/:dataset/filesRemove/:id/{ignored}'],
      ...['PUT /api/datasets/restore/:id', 'GET /api/collections', 'POST /api/collections'],
      ...['GET /api/collections/:id', 'GET /api/collections/:id/datasets', 'GET /api/spaces', 'POST /api/spaces'],
      ...['GET /api/spaces/:id', 'GET /api/spaces/:id/collections', 'GET /api/spaces/:id/datasets'],
      ...['GET /api/users', 'GET /api/users/:id', 'GET /api/search', 'GET /api/version', 'GET /api/status'],
      ...['GET /api/queries/:id', 'GET /api/previews/:id', 'GET /api/curations/:id/ore'],
      ...['any /api/files/*', 'any /api/datasets/*', 'any /api/folders/*', 'any /api/collections/*'],
      ...['any /api/spaces/*', 'any /api/users/*', 'any /api/extractions/*', 'any /api/extractors/*'],
      ...['any /api/previews/*', 'any /api/queries/*', 'any /api/sections/*', 'any /api/metadata/*'],
      ...['any /api/curations/*', 'any /api/reports/*', 'any /api/geostreams/*', 'any /api/admin/*'],
      ...['any /api/tags/*', 'any /api/*'],
    ],
  },
  {
    means: 'asset',
    routes: [
      ...['GET /fileThumbnail/*', 'GET /files/:id/thumbnail', 'GET /api/thumbnails/*'],
      ...['GET /api/files/:id/thumbnail', 'GET /assets/*', 'GET /javascripts/*', 'GET /stylesheets/*', 'GET /images/*'],
      ...['GET /healthz', 'GET /favicon.ico', 'GET /robots.txt'],
    ],
  },
];

/** Clowder 2.0.0-beta.4, after its routers and its frontend's routes. */
const clowder2: readonly RouteGroup[] = [
  {
    means: 'view by API',
    type: 'file',
    routes: ['GET /api/v2/files/:id/summary', 'GET /api/v2/public_files/:id/summary'],
  },
  { means: 'view by API', type: 'dataset', routes: ['GET /api/v2/datasets/:id', 'GET /api/v2/public_datasets/:id'] },

  { means: 'download', type: 'file', routes: ['GET /api/v2/files/:id', 'GET /api/v2/public_files/:id'] },
  {
    means: 'download',
    type: 'file',
    bytesElsewhere: true,
    routes: ['GET /api/v2/files/:id/url', 'GET /api/v2/files/:id/url/'],
  },
  {
    means: 'download',
    type: 'dataset',
    routes: ['GET /api/v2/datasets/:id/download', 'GET /api/v2/public_datasets/:id/download'],
  },

  {
    means: 'upload',
    type: 'file',
    carriesFile: true,
    routes: [
      ...['POST /api/v2/datasets/:dataset/files', 'POST /api/v2/datasets/:dataset/filesMultiple'],
      'PUT /api/v2/files/:id',
    ],
  },
  { means: 'upload', type: 'file', routes: ['POST /api/v2/datasets/:dataset/local_files'] },
  { means: 'upload', type: 'dataset', routes: ['POST /api/v2/datasets', 'POST /api/v2/datasets/createFromZip'] },
  { means: 'upload', type: 'folder', routes: ['POST /api/v2/datasets/:dataset/folders'] },

  { means: 'delete', type: 'file', routes: ['DELETE /api/v2/files/:id'] },
  { means: 'delete', type: 'dataset', routes: ['DELETE /api/v2/datasets/:id'] },
  { means: 'delete', type: 'folder', routes: ['DELETE /api/v2/datasets/:dataset/folders/:id'] },
  { means: 'delete', type: 'version', routes: ['DELETE /api/v2/datasets/:dataset/freeze/{number}'] },

  {
    means: 'page',
    routes: [
      ...['GET /', 'GET /public', 'GET /profile', 'GET /manage-users', 'GET /apikeys', 'GET /metadata-definitions'],
      ...['GET /metadata-definitions/:id', 'GET /create-dataset', 'GET /create-dataset/', 'GET /auth'],
      ...['GET /auth/login', 'GET /auth/register', 'GET /auth/logout', 'GET /groups', 'GET /groups/:id'],
      ...['GET /search', 'GET /public_search', 'GET /extractions', 'GET /feeds', 'GET /feeds/:id'],
      ...['GET /listeners', 'GET /forbidden'],
    ],
  },
  {
    means: 'nothing',
    // The page for all; what it shows is asked for by API.
    routes: ['GET /public_datasets/:id', 'GET /public_files/:id'],
  },
  {
    means: 'call',
    routes: [
      ...['GET /api/v2/files/:id/versions', 'GET /api/v2/public_files/:id/versions', 'GET /api/v2/files/:id/metadata'],
      ...['POST /api/v2/files/:id/metadata', 'POST /api/v2/files/:id/extract'],
      ...['POST /api/v2/files/:id/resubmit_extract', 'GET /api/v2/datasets', 'GET /api/v2/datasets/:id/files'],
      ...['GET /api/v2/datasets/:id/folders', 'GET /api/v2/datasets/:id/folders_and_files'],
      ...['GET /api/v2/datasets/:id/metadata', 'POST /api/v2/datasets/:id/metadata'],
      ...['POST /api/v2/datasets/:id/extract', 'GET /api/v2/datasets/:id/freeze', 'POST /api/v2/datasets/:id/freeze'],
      ...['GET /api/v2/datasets/:id/freeze/{number}', 'GET /api/v2/folders/:id/path'],
      ...['GET /api/v2/visualizations/:id/bytes', 'GET /api/v2/visualizations/:id/url/'],
      ...['any /api/v2/files/*', 'any /api/v2/public_files/*', 'any /api/v2/datasets/*'],
      ...['any /api/v2/public_datasets/*', 'any /api/v2/folders/*', 'any /api/v2/visualizations/*'],
      ...['any /api/v2/metadata/*', 'any /api/v2/users/*', 'any /api/v2/groups/*', 'any /api/v2/extractors/*'],
      ...['any /api/v2/listeners/*', 'any /api/v2/feeds/*', 'any /api/v2/jobs/*', 'any /api/v2/search/*'],
      'any /api/v2/*',
    ],
  },
  {
    means: 'asset',
    routes: [
      ...['GET /api/v2/files/:id/thumbnail', 'GET /api/v2/public_files/:id/thumbnail'],
      ...['GET /api/v2/datasets/:id/thumbnail', 'GET /api/v2/thumbnails/*', 'GET /api/v2/public_thumbnails/*'],
      'GET /public_thumbnails/*',
    ],
  },
];

/** Clowder's own routes, as far as they mean something here; what is not among them is counted with its family. */
export const routeGroups: readonly RouteGroup[] = [...clowder1, ...clowder2];
