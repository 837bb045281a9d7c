/** A download, an upload, two page views and an extraction: the kinds that Clowder sends most, in turn. */
const kinds: readonly ((number: number) => object)[] = [
  number => ({
    category: 'download',
    type: 'file',
    resource_id: '5fad53bfe4b00dcab417b69c',
    resource_name: `survey-${number}.tif`,
    author_id: '5fad53bfe4b00dcab417b69d',
    author_name: 'Ann Author',
    user_id: '5fad53bfe4b00dcab417b69e',
    user_name: 'Uma User',
    size: 1_000_000 + number,
  }),
  number => viewed('dataset', number),
  number => ({
    category: 'extraction',
    type: 'file',
    extractor_name: 'image.preview',
    resource_id: '5fad53bfe4b00dcab417b69c',
    resource_name: `survey-${number}.tif`,
    author_id: '5fad53bfe4b00dcab417b69d',
    author_name: 'Ann Author',
    user_id: '5fad53bfe4b00dcab417b69e',
    user_name: 'Uma User',
  }),
  number => viewed('file', number),
  number => ({
    category: 'upload',
    dataset_id: '5fad53bfe4b00dcab417b69f',
    dataset_name: 'Field surveys',
    author_id: '5fad53bfe4b00dcab417b69d',
    author_name: 'Ann Author',
    user_id: '5fad53bfe4b00dcab417b69e',
    user_name: 'Uma User',
    resource_name: `survey-${number}.tif`,
    size: 1_000_000 + number,
  }),
];

function viewed(type: string, number: number): object {
  return {
    category: 'view_resource',
    type,
    resource_id: '5fad53bfe4b00dcab417b69c',
    resource_name: `Survey ${number}`,
    author_id: '5fad53bfe4b00dcab417b69d',
    author_name: 'Ann Author',
    user_id: '5fad53bfe4b00dcab417b69e',
    user_name: 'Uma User',
  };
}

/** The n-th event of a benchmark: about 270 bytes of JSON, each another and each of another millisecond. */
export function sampleEvent(number: number): object {
  return { ...kinds[number % kinds.length]!(number), created: 1_700_000_000_000 + number };
}

export function sampleBody(number: number): string {
  return JSON.stringify(sampleEvent(number));
}

/** As many events from the n-th on, as a JSON array. */
export function sampleList(number: number, count: number): string {
  return `[${Array.from({ length: count }, (_, index) => sampleBody(number + index)).join(',')}]`;
}
