import './a';
// comment
import './b';

const = 1;
