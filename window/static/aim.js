// The page Aim.
import { listenToStatus } from "/static/page.js";
import { startPicture } from "/static/picture.js";

startPicture();
listenToStatus(() => {});
