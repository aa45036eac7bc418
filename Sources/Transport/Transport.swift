// SPDX-License-Identifier: Apache-2.0
//
// Transport: the only door to the network.
//
// What it is: one HTTP/1.1 client with the rules that a lock needs: the token goes to its own origin and nowhere else,
// redirects are followed by hand, waiting is polite (`Retry-After`, backoff with jitter), offline means that no connection
// is opened, and no error message holds a query string or a token.
// What it is not: it knows nothing of Hubs; status codes mean what RFC 9110 says and no more.
// Entry point: `HTTPTransport`.
