import('./dep.js').then(({ a }) => console.log(a))
