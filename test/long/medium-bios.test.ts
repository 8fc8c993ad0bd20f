import { testTwice } from '../vm/medium-twice.js';

testTwice('bios');
