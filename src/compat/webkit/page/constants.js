// Settings of this deployment, for scripts of the pages.

// Suites whose runs are builds.
export const XCODE_CLOUD_SUITES = [];

// Not worth a mention in labels; null: each is shown.
export const DEFAULT_ARCHITECTURE = null;

// How many runs or commits to ask for.
export const TESTS_LIMITS = {max: 50000, default: 5000};
export const SUITES_LIMITS = {max: 10000, default: 1000};
export const COMMITS_LIMITS = {max: 10000, default: 1000};

// What the main page shows before anybody searches.
export const DASHBOARD_QUERY = [];
