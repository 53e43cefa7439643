import { following, notFollowed } from "./redirects.ts";

notFollowed("undici in followRedirects", following);
