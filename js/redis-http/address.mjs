// Where Redis is, as its URL says.

import { OptionError } from "./options.mjs";

/**
 * @param {string} redisUrl
 * @returns {string} what ioredis takes: a URL, or the path of a socket
 */
export function redisAddress(redisUrl) {
  const url = URL.canParse(redisUrl) ? new URL(redisUrl) : undefined;
  if (url?.protocol === "unix:" && url.pathname.startsWith("/")) return url.pathname;
  if (isTcp(url)) return redisUrl;
  throw new OptionError("redisUrl must be redis://host:port, rediss://host:port or unix:/path");
}

/**
 * The nodes of a cluster that are asked where all the others are. User, password and TLS are the first one's: a
 * cluster has the same everywhere, and says nothing of them for the nodes it names.
 * @param {string} redisUrls one URL or several, with commas between them
 * @returns {{ nodes: { host: string, port: number }[], credentials: { username?: string, password?: string, tls?: object } }}
 */
export function clusterAddress(redisUrls) {
  const urls = urlsOf(redisUrls);
  if (!urls.every(isTcp)) throw new OptionError("redisUrl of a cluster must be redis://host:port or rediss://host:port, or several with commas between them");
  const [{ username, password, protocol }] = urls;
  return {
    nodes: urls.map(({ hostname, port }) => ({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 6379) })),
    credentials: {
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      ...(protocol === "rediss:" && { tls: {} }),
    },
  };
}

/** @param {string} redisUrls one URL or several */
export const hasPassword = (redisUrls) => urlsOf(redisUrls).some((url) => url?.password);

// A password may have a comma in it.
const urlsOf = (text) => text.split(/,(?=rediss?:\/\/)/).map((one) => (URL.canParse(one) ? new URL(one) : undefined));

const isTcp = (url) => ["redis:", "rediss:"].includes(url?.protocol) && Boolean(url.hostname);
