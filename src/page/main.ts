import { h, render } from 'preact';
import { App } from './shell/app.js';

const place = document.getElementById('page');
if (place !== null) render(h(App, null), place);
