import { clowderId } from '../../helpers/servers/clowder.js';

/** What the installation has: a file in a dataset in a space. */
export const file = clowderId('f1');
export const dataset = clowderId('d1');
export const space = clowderId('a1');
export const owner = '5a0000000000000000000001';
/** What events of the file carry of it, from Clowder's own API. */
export const known = {
  resource_name: 'rain.csv',
  author_id: owner,
  file_id: file,
  dataset_id: dataset,
  dataset_name: 'Rain',
  space_id: space,
  space_name: 'Weather',
};
export const bytesOfFile = 4_096;
/** Whom the balancer in front of nginx names as the client: an address of Great Britain. */
export const clientAddress = '81.2.69.142';
export const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
