import { dataWorldTarget } from '../../../test/servers/data-world-target.ts';
import { conformance } from '../../connector/conformance.ts';

conformance('data.world', dataWorldTarget);
