// Takes the pictures in the README: `cargo xtask test browser -- --config pictures.config.ts`.

import base from './playwright.config.ts';

export default { ...base, testDir: 'pictures', testMatch: '*.picture.ts' };
