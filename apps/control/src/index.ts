export { type Control, type ControlDependencies, createControl } from './create-control.ts';
export { createLiveFeed, type LiveFeed } from './live/live-feed.ts';
