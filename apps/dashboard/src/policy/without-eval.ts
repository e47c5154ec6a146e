import { config } from 'zod';

// Pages may not run code made from text (content security policy), so no parser is compiled. Has to be said before the
// first schema is made, hence a module of its own.
config({ jitless: true });
