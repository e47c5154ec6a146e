export {
  makeFeedback,
  makeId,
  makePrediction,
  makeRejection,
  makeShadow,
  seededRandom,
  writeSegment,
} from './records.ts';
export { type ChdbHttpServer, startChdbHttp } from './start-chdb-http.ts';
