// SPDX-License-Identifier: Apache-2.0
//
// TestKit: what the tests of several modules share.
//
// What it is: `TemporaryDirectory`; `LoopbackHub`, a Hub on this machine that can be told to lie (`Fault`);
// `RawConnection`, TCP without manners; `ModelBuilder`, small real models and large pseudo-random files; `Program`, the
// real binary; `Snapshot`, texts compared with stored ones; `SeededGenerator`, for properties that can be repeated.
// What it is not: it asserts nothing; what goes wrong is thrown.
// Entry point: none.
