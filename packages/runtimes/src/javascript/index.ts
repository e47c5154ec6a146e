export {
  type InspectJavascriptOptions,
  inspectJavascriptFile,
  type JavascriptInspection,
} from './inspect-javascript-file.ts';
export { type JavascriptLoadOptions, loadJavascriptModel } from './load-javascript-model.ts';
