const x = '\ud800'; import('./\ud800.js'); import './ok.js';
