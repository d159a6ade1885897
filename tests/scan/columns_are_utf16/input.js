/* 😀 é */ import './a'; /* 😀 */ import './b';
