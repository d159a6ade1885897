import './a'; import './b';
