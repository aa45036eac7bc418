// SPDX-License-Identifier: Apache-2.0
//
// Store: content-addressed, verified, immutable bytes on this machine, and the views that other programs read.
//
// What it is: `BlobStore` keeps blobs under their SHA-256; `PartialBlob` receives one that is expected, resumable, and
// checks it while it arrives; `View` lays a locked revision out as a Hugging Face cache; `Collection` removes what
// nothing refers to. The format is docs/formats/store.md.
// What it is not: it never opens a connection and does not know locks or manifests.
// Entry point: `BlobStore`. There is no way to put bytes under a digest that they do not have.
