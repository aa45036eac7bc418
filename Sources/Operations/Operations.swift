// SPDX-License-Identifier: Apache-2.0
//
// Operations: what a user can ask for, as values that plan and then do.
//
// What it is: one type for each verb — `LockOperation`, `Sync`, `Verification`, `OutdatedCheck`, `Update`, `Rollback`,
// `StoreMaintenance` — over a `Session`, which holds what the environment says. Decisions are pure functions that return
// plans; effects are loops over plans; what happens meanwhile goes to the session as events.
// What it is not: it never prints, never asks a person and never reads the environment.
// Entry point: `Session` and `Project`.
