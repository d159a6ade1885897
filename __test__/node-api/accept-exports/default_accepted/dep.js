export const a = 1
export default 2
import.meta.hot.acceptExports('default')
