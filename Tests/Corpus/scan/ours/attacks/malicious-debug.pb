

nDebugIdentityV2