// What the peer Worker and the benchmark that revokes its tokens have to agree on.

export const denied = (jti) => `denied:${jti}`;
