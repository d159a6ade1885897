import './a';
// café
import './b';
